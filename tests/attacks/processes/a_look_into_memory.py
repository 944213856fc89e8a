# Reads the memory of the first process of its namespace. Expected: failed.
def double(x):
    with open("/proc/1/mem", "rb"):
        return 2 * x
