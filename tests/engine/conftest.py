"""With a conftest here, the modules that the tests below share are found from every folder of them."""
