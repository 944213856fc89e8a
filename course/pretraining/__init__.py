"""The recipe that makes the bundled base model: `python -m course.pretraining`.

Five steps, one module each: a mixture of text (`mixture`, with `copying` for what can only be predicted by copying),
a tokenizer trained on it (`tokenizer`), a model whose first heads look one to four tokens back (`heads`), and the
training itself (`train`). Learners never need to run it; everything is fixed by one seed.
"""
