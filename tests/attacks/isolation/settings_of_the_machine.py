# Changes settings of the machine. Expected: failed.
def double(x):
    for path in (
        "/proc/sys/kernel/hostname",
        "/proc/sysrq-trigger",
        "/proc/sys/vm/drop_caches",
        "/proc/1/oom_score_adj",
    ):
        try:
            with open(path, "w") as file:
                file.write("0")
            return 2 * x
        except OSError:
            pass
    return 0
