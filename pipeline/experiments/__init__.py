"""Many runs of stages: their graph and progress; points of sweeps, paths, studies and curves, and their queue."""
