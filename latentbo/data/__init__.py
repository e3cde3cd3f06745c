"""Tables, downloads and data sets."""
