"""Build, release and grade the lessons.

Every command is a module of its own; the rest serves them:

- the lesson, from its text file to notebooks: `lesson`, `notebooks`, `setup_cell`, `rules`, `quizzes`, `slicing`
- whose a download is: `senders`, `roster`, `handins`, `unpacking`, `arranging`, `earlier`, `collecting`
- what was handed in, made safe to look at: `submission`, `intake`, `snapshot`, `rebuild`
- the learner's side: `learner`, `options`, `limits`, `outputs`, `answering`, and `sandbox`, where its kernel comes from
- the judge's side: `judge`, `testcell`, `remote`, `gradients`, `verdict`; only what `codec` knows crosses between them
- one submission, `grading`; many of them, `plan`, `crew`, `engines`, `workers`, `warm`, `display`, `tally`
- what is kept: `results`, `ledger`, `seed`, `versions`, the gradebook through `preprocessors`, `writing`, `revising`
- what people read: `feedback`, `charts`, `likeness` and the commands `report`, `check`, `handout`, `handback`
"""
