"""References from people: EMG and joint angles over the gait cycle, built in and from public data sets."""
