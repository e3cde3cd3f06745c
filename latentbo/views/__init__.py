"""What a person looks at to trust a latent space, or not: the findings, which `report` draws."""
