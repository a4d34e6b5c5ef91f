// Empty: gilspy_test_headers needs a source.
