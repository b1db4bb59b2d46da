"""Conditions at random: well-formed ones, and texts that are nearly so."""

from hypothesis import strategies as st

from gradstep.engine.records.record import FIELDS

CONSTANTS = ["0", "1", "2", "3", "0.5", "1e-3", "1e308", "10", "0x10", "1_000"]


def numbers(fields, max_leaves=12):
    """Texts of numbers, with parentheses here and there."""
    leaves = st.one_of(
        st.sampled_from(CONSTANTS),
        st.sampled_from(fields),
        st.sampled_from(fields).map("prev.{}".format),
        st.builds(
            "{}({}, {})".format,
            st.sampled_from(["change", "ago", "mean", "lowest", "highest"]),
            st.sampled_from(fields),
            st.integers(1, 5),
        ),
    )

    def grown(parts):
        several = st.lists(parts, min_size=2, max_size=3).map(", ".join)
        return st.one_of(
            st.builds("{} {} {}".format, parts, st.sampled_from(["+", "-", "*", "/", "%", "**"]), parts),
            st.builds("({})".format, parts),
            st.builds("{}{}".format, st.sampled_from(["-", "+"]), parts),
            st.builds("{}({})".format, st.sampled_from(["abs", "log10"]), parts),
            st.builds("{}({})".format, st.sampled_from(["min", "max"]), several),
        )

    return st.recursive(leaves, grown, max_leaves=max_leaves)


def conditions(fields=FIELDS, max_leaves=6):
    """Texts of conditions."""
    some = numbers(fields, 4)
    comparisons = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    leaves = st.one_of(
        st.builds("{} {} {}".format, some, comparisons, some),
        st.builds("{} {} {} {} {}".format, some, comparisons, some, comparisons, some),
        st.builds("finite({})".format, some),
        st.builds(
            "{}({}, {})".format,
            st.sampled_from(["rising", "falling"]),
            st.sampled_from(fields),
            st.integers(1, 4),
        ),
    )

    def grown(parts):
        return st.one_of(
            st.builds("{} {} {}".format, parts, st.sampled_from(["and", "or"]), parts),
            st.builds("({})".format, parts),
            st.builds("not {}".format, parts),
        )

    return st.recursive(leaves, grown, max_leaves=max_leaves)


PIECES = [
    *FIELDS, *CONSTANTS, "prev", "prev.", ".", "abs", "finite", "log10", "min", "max", "change", "ago",
    "mean", "lowest", "highest", "rising", "falling", "and", "or", "not", "if", "else", "for", "in", "is",
    "lambda", "v", "v[0]", "_divide", "_power", "__class__", "__import__", "__builtins__", "eval", "exec",
    "open", "None", "True", "False", "yield", "await", "async", "<", "<=", ">", ">=", "==", "!=", "=", ":=",
    "+", "-", "*", "**", "/", "//", "%", "@", "&", "|", "^", "~", "<<", ">>", "(", ")", "[", "]", "{", "}",
    ",", ":", ";", "'", '"', "f'", "#", "\\", "\n", "\t", "\0", "ｌｏｓｓ", "é", "…", "9" * 50, "1j", "...",
]  # fmt: skip


def nearly_conditions():
    """Soups of the language's pieces and of Python's."""
    return st.builds(
        lambda pieces, glue: glue.join(pieces),
        st.lists(st.sampled_from(PIECES), max_size=25),
        st.sampled_from(["", " ", " ", " "]),
    )
