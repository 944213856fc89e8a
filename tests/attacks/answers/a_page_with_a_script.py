# Raises an exception whose text is a script for the instructor's browser. Expected: failed.
def double(x):
    raise ValueError("<script>alert('canary' + '-script')</script>" + "![x](javascript:alert(1))")
