"""Graphs of standard operators alone, whose parts are small and whose answer is not: memory bombs and endless loops.

Each makes a value `h_bomb`, from which the honest model's first output is made to depend; nodes without use would be
optimised away. The text is ONNX's own textual form (onnx.parser).
"""

from __future__ import annotations

import onnx
import onnx.parser

REFUSED = "refused"
STOPPED = "did not end within|broke off"
LOOP = "(int64 h_i, bool h_go, {kind} h_x) => (bool h_on, {kind} h_y) {{ h_on = Identity(h_go) {body} }}"


def _loop(times: str, body: str, kind: str = "float[h_any]") -> str:
    return f"""
        h_times = Constant <value_int = {times}> ()  h_one = Constant <value_int = 1> ()
        h_yes = Cast <to = 9> (h_one)  h_start = Constant <value_floats = [1.0, 2.0]> ()
        h_bomb = Loop <body = h_body {LOOP.format(kind=kind, body=body)}> (h_times, h_yes, h_start)"""


HUGE = "h_size = Constant <value_ints = [68719476736]> ()  h_one = Constant <value_floats = [1.0]> ()"  # 2^36: 256 GiB
WIDE = """h_size = Constant <value_ints = [262144]> ()  h_row = ConstantOfShape(h_size)
          h_at = Constant <value_ints = [0]> ()  h_up = Constant <value_ints = [1]> ()"""
NODES = {
    "256 GiB from a few bytes": f"{HUGE} h_bomb = ConstantOfShape(h_size)",
    "Expand to 256 GiB": f"{HUGE} h_bomb = Expand(h_one, h_size)",
    "Tile to 256 GiB": f"{HUGE} h_bomb = Tile(h_one, h_size)",
    "Range of 400 GB": """h_from = Constant <value_float = 0.0> ()  h_to = Constant <value_float = 1e11> ()
        h_by = Constant <value_float = 1.0> ()  h_bomb = Range(h_from, h_to, h_by)""",
    "Pad to 256 GiB": f"{HUGE} h_pads = Constant <value_ints = [0, 68719476736]> ()  h_bomb = Pad(h_one, h_pads)",
    "Resize to 256 GiB": """h_ones = Constant <value_ints = [1, 1, 1, 1]> ()  h_picture = ConstantOfShape(h_ones)
        h_sizes = Constant <value_ints = [1, 1, 262144, 262144]> ()
        h_bomb = Resize <mode = "nearest"> (h_picture, , , h_sizes)""",
    "OneHot of depth 2^36": """h_at = Constant <value_ints = [0]> ()  h_depth = Constant <value_int = 68719476736> ()
        h_two = Constant <value_floats = [0.0, 1.0]> ()  h_bomb = OneHot(h_at, h_depth, h_two)""",
    "outer product of 256 GiB": f"{WIDE} h_left = Unsqueeze(h_row, h_up)  h_right = Unsqueeze(h_row, h_at) "
    "h_bomb = MatMul(h_left, h_right)",
    "broadcast to 256 GiB": f"{WIDE} h_left = Unsqueeze(h_row, h_up)  h_right = Unsqueeze(h_row, h_at) "
    "h_bomb = Add(h_left, h_right)",
    "noise of 256 GiB": "h_bomb = RandomNormal <shape = [68719476736]> ()",
    "window of 2^36": "h_n = Constant <value_int = 68719476736> ()  h_bomb = HannWindow(h_n)",
    "list that doubles": """
        h_times = Constant <value_int = 60> ()  h_one = Constant <value_int = 1> ()  h_yes = Cast <to = 9> (h_one)
        h_start = Constant <value_floats = [1.0, 2.0]> ()
        h_list = SequenceConstruct(h_start)
        h_lists = Loop <body = h_body (int64 h_i, bool h_go, seq(float[h_any]) h_x)
            => (bool h_on, seq(float[h_any]) h_y) {
            h_on = Identity(h_go)
            h_long = ConcatFromSequence <axis = 0> (h_x)
            h_more = SequenceInsert(h_x, h_long)
            h_y = Identity(h_more)
        }> (h_times, h_yes, h_list)
        h_bomb = ConcatFromSequence <axis = 0> (h_lists)""",
    "row that doubles": _loop("60", "h_y = Concat <axis = 0> (h_x, h_x)"),
    "texts that double": """h_word = Constant <value_strings = ["aaaaaaaaaaaaaaaaaaaaaaaa"]> ()
        h_size = Constant <value_ints = [4294967296]> ()  h_words = Expand(h_word, h_size)
        h_alike = Equal(h_words, h_words)  h_bomb = Cast <to = 1> (h_alike)""",
    "loop of 2^62 rounds": _loop("4611686018427387904", "h_y = Sqrt(h_x)"),
    "loop in a loop": _loop(
        "2147483647",
        "h_inner = Constant <value_int = 2147483647> () "
        "h_y = Loop <body = h_deep (int64 h_j, bool h_go2, float[h_any] h_a) => (bool h_on2, float[h_any] h_b) "
        "{ h_on2 = Identity(h_go2) h_b = Sqrt(h_a) }> (h_inner, h_go, h_x)",
    ),
}
ENDLESS = ("loop of 2^62 rounds", "loop in a loop")
CASES = {name: STOPPED if name in ENDLESS else REFUSED for name in NODES}


def spoil(model: bytes, name: str) -> bytes:
    """The honest model, whose first output of numbers now waits for what `name` makes."""
    made = onnx.load_model_from_string(model)
    answer = next(value for value in made.graph.output if value.type.tensor_type.elem_type != onnx.TensorProto.BOOL)
    for node in made.graph.node:
        for names in (node.input, node.output):
            names[:] = ["h_true" if inner == answer.name else inner for inner in names]
    text = f"""{NODES[name]}
        h_float = Cast <to = 1> (h_bomb)  h_most = ReduceMax <keepdims = 0> (h_float)
        h_least = Constant <value_float = -1e30> ()  h_beside = Min(h_most, h_least)
        h_nothing = Sub(h_beside, h_beside)  h_same = CastLike(h_nothing, h_true)
        {answer.name} = Add(h_true, h_same)"""
    made.graph.node.extend(onnx.parser.parse_graph(f"hostile () => () {{ {text} }}").node)
    return made.SerializeToString()
