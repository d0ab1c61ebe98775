package main

import (
	"context"
	"errors"
)

func (s *search) history(ctx context.Context, repo string) error { return errors.New("later") }
