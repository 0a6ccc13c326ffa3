"""Device configurations: rendered from manifest, template and parameters to exactly repeatable bytes."""
