"""The bottom layer: the words, shapes and promises that every other part is written against."""
