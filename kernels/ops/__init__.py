"""The operators in C++, for the runtimes of graphs, and the program that writes their table."""
