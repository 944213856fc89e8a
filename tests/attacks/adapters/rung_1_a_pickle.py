# A pickle that runs a command when it is opened.
import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.mkdir, (str(adapter.parent / "exploded"),)


(adapter / WEIGHTS).unlink()
(adapter / "adapter_model.bin").write_bytes(pickle.dumps(Bomb()))
