"""The shapes of lines against the lines: both have the same layout."""

import random

from ldnet.text.column_layout import find_layout
from pipeline.text.line_shapes import LineShapes


def test_shapes_have_the_layout_of_the_lines() -> None:
    generator = random.Random(1)
    pieces = ["a", "b c", "B-X", " ", "  ", "\t", "\t\t", "#", "-DOCSTART-", "\r", "\u3000", ""]
    layouts = set()
    for _ in range(3000):
        different = ["".join(generator.choices(pieces, k=generator.randint(0, 6))) for _ in range(3)]
        weights = generator.choice([(1, 1, 1), (90, 5, 5), (1, 0, 0), (50, 50, 1)])
        texts = generator.choices(different, weights, k=generator.choice((1, 2, 3, 7, 49, 50, 51, 120)))
        lines = list(enumerate(texts, start=1))
        shapes = LineShapes()
        for line in lines:
            shapes.add(*line)
        layout = find_layout(shapes.lines())
        assert layout == find_layout(lines), texts
        assert shapes.marked >= any(text.startswith("#") and "-DOCSTART-" not in text for text in texts)
        layouts.add(layout)
    assert len(layouts) > 50


def test_lines_of_the_most_frequent_shape_are_few() -> None:
    shapes = LineShapes()
    for number in range(100_000):
        shapes.add(number, f"w{number} B-X" if number % 100 else "one two three")
    assert len(list(shapes.lines())) == 2001
