# Leaves its control group. Expected: failed.
import glob


def double(x):
    for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True) + ["/sys/fs/cgroup/cgroup.procs"]:
        with open(path, "w") as file:
            file.write("0")
    return 2 * x
