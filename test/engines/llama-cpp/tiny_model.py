"""Writes a very small llama model with random weights: tiny_model.py FILE. Needs the packages gguf and numpy."""

import sys
from string import ascii_lowercase

import gguf
import numpy

WIDTH = 32
HEADS = 4
LAYERS = 2
FEED_FORWARD = 64
CONTEXT = 131072

CONTROL = ["<s>", "</s>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
# What the model can say: pieces of words, with the mark that stands for a space in this kind of tokenizer.
WORDS = ["▁"] + [f"▁{letter}" for letter in ascii_lowercase] + list(ascii_lowercase)
TOKENS = ["<unk>", *CONTROL, *BYTES, *WORDS]

TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


def token_types() -> list[int]:
    kinds = gguf.TokenType
    return [
        kinds.UNKNOWN,
        *[kinds.CONTROL] * len(CONTROL),
        *[kinds.BYTE] * len(BYTES),
        *[kinds.NORMAL] * len(WORDS),
    ]


def write_words(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(TOKENS)
    # Longer pieces win, as in a trained tokenizer.
    writer.add_token_scores([float(len(token)) for token in TOKENS])
    writer.add_token_types(token_types())
    for name, token in (("unknown", "<unk>"), ("bos", "<s>"), ("eos", "</s>"), ("fim_pre", "<|fim_prefix|>"),
                        ("fim_suf", "<|fim_suffix|>"), ("fim_mid", "<|fim_middle|>")):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", TOKENS.index(token))
    writer.add_bool("tokenizer.ggml.add_bos_token", True)
    writer.add_chat_template(TEMPLATE)


def write_shape(writer: gguf.GGUFWriter) -> None:
    writer.add_name("tiny random")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(TOKENS))


def write_weights(writer: gguf.GGUFWriter) -> None:
    random = numpy.random.default_rng(1)

    def matrix(rows: int, columns: int) -> numpy.ndarray:
        return (random.standard_normal((rows, columns)) / numpy.sqrt(columns)).astype(numpy.float32)

    embedding = matrix(len(TOKENS), WIDTH)
    output = matrix(len(TOKENS), WIDTH) * 4
    # The first place of every embedding is large, so that it stays so through all layers; what is no word
    # weighs it negatively. The model therefore says words, and never ends an answer of its own accord.
    embedding[:, 0] = 8
    output[:, 0] = 0
    output[: -len(WORDS), 0] = -8
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output.weight", output)
    writer.add_tensor("output_norm.weight", numpy.ones(WIDTH, numpy.float32))
    for layer in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", matrix(WIDTH, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_gate.weight", matrix(FEED_FORWARD, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_up.weight", matrix(FEED_FORWARD, WIDTH))
        writer.add_tensor(f"blk.{layer}.ffn_down.weight", matrix(WIDTH, FEED_FORWARD))
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{name}.weight", numpy.ones(WIDTH, numpy.float32))


def main(file: str) -> None:
    writer = gguf.GGUFWriter(file, "llama")
    write_shape(writer)
    write_words(writer)
    write_weights(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main(sys.argv[1])
