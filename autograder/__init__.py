"""Build, release and grade the lessons.

A room for each part of the work:

- `authoring`: from a lesson's text file to notebooks, and the proof that its tests are fair
- `submissions`: what was handed in, made safe to look at, and put into the instructor's master
- `exchange`: between a class and a learning management system: who sent what, and what goes back
- `judging`: one submission: the learner's kernel, the tests, and the plain data between them (`grading` is the whole)
- `sandbox`: where the learner's kernel runs: forked from a warm process, and shut in
- `many`: many submissions: what is to be done, who does it, how far it is
- `gradebook`: what is kept: results, the ledger, nbgrader's own gradebook and feedback
- `reporting`: what an instructor reads about a class

Beside them stand the command line and its shared `arguments`, what nbgrader's configuration imports (`config`), what a
master's `cells` are, and the commands for one person: `check`, `verify`, `doctor`, `demo`.
"""
