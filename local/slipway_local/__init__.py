"""The local platform: toolchain, AWS emulator, Kubernetes node, images."""
