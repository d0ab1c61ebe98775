package ciyaml

import (
	"context"
	"fmt"
)

// budget is what a configuration and its child pipelines may cost together.
type budget struct {
	o       Options
	ctx     context.Context // nil: never ends
	left    int             // nodes that may still be visited
	bytes   int             // that may still be loaded
	aliases int             // that were met
	fetched map[string]fetched

	children map[childKey]*Config
	taken    map[place]bool // hidden jobs that a visible job of one of the pipelines uses
}

// place is where something stands.
type place struct {
	file string
	line int
}

func newBudget(o Options) *budget {
	o = o.withDefaults()
	return &budget{o: o, left: o.Nodes, bytes: o.Total, fetched: map[string]fetched{}, children: map[childKey]*Config{}, taken: map[place]bool{}}
}

// spend takes one node of the budget.
func (b *budget) spend() bool {
	b.left--
	if b.left%4096 == 0 && b.ended() {
		b.left = 0
	}
	return b.left > 0
}

// spendText takes what reading a text costs: one text may be shared by many jobs.
func (b *budget) spendText(text string) bool {
	b.left -= len(text) / 64
	return b.spend()
}

func (b *budget) ended() bool { return b.ctx != nil && b.ctx.Err() != nil }

// stopped returns why a reading is not whole: the context's end, or ErrBudget.
func (b *budget) stopped() error {
	switch {
	case b.ended():
		return context.Cause(b.ctx)
	case b.left <= 0:
		return fmt.Errorf("%w: more than %d nodes when aliases are followed", ErrBudget, b.o.Nodes)
	}
	return nil
}
