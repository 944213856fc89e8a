# Hands in a link to the folder of the whole class. Expected: failed.
hand_in("import os\ndef double(x):\n    print(os.listdir('class/source'))\n    return 2 * x")
(folder / "class").symlink_to(places["gradebook"].parent)
