"""Many experiments: points of sweeps and studies, the queue that runs them, what is published of them."""
