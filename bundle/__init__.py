"""One file that runs on a host with nothing but Python: made by `make.py`, unpacked and run by `start.py`."""
