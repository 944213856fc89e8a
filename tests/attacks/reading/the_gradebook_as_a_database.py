# Opens the gradebook as a database and writes marks into it. Expected: failed.
import sqlite3


def double(x):
    with sqlite3.connect("@gradebook@") as book:
        book.execute("create table marks (points)")
        book.execute("insert into marks values (1000)")
    return 2 * x
