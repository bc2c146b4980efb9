# `just` alone runs everything that must be green.
default: ci

ci:
    .ci/run

# The plain suite: needs nothing but Rust.
test:
    cargo test

# With tmux, docker and the like, which tests/tools/install.sh installs.
test-real:
    cargo test --features real-tools

lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# Rewrites generated docs, pictures and snapshots.
update:
    UPDATE=1 INSTA_UPDATE=always cargo test

# How fast the parts are.
bench:
    cargo bench

# How fast the program is beside others, on one log.
bench-peers FILE:
    cargo build --release
    benches/peers.sh {{FILE}}

demo:
    cargo run -- demo

deny:
    cargo deny check
