"""Small runs to save, and what is compared of them."""

from runs import line

from gradstep.engine import Session


def branching(config=line):
    """A run with two branches, one of them changed at its tip, standing in the past of one."""
    session = Session(config())
    session.burst(40)
    session.seek(25)
    session.fork({"train.rule.learning_rate": 5e-4}, "slower")
    session.burst(20)
    session.change({"train.clip_norm": 0.5})
    session.burst(5)
    session.seek(30)
    session.change({"train.rule.name": "momentum"})
    session.burst(30)
    session.seek(44)
    return session


def facts(session):
    """All that a saved session brings back, with the records to the last bit, `seconds` too."""
    timeline = session.timeline
    return (
        timeline.branch.number,
        session.position,
        session.state_hash(),
        {
            b.number: (b.name, b.parent, b.fork, b.changes, b.configs, b.history.rows().tobytes())
            for b in timeline.branches.values()
        },
    )
