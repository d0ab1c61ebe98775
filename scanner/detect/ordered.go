package detect

import "math/bits"

// ordered is a set of small numbers that knows the neighbours of each: a bit for every number, above 64 of them a bit
// that says whether one is set, and so on. Each question costs one step a level, where a sorted list of many thousand
// hits would be moved by each that comes between.
type ordered struct{ levels [][]uint64 }

// newOrdered returns the empty set of numbers below n.
func newOrdered(n int) *ordered {
	p := &ordered{}
	for {
		n = n/64 + 1 // a bit more than needed, to be asked what is before it
		p.levels = append(p.levels, make([]uint64, n))
		if n == 1 {
			return p
		}
	}
}

func (p *ordered) add(n int) {
	for _, level := range p.levels {
		level[n/64] |= 1 << (n % 64)
		n /= 64
	}
}

// from returns the first number of the set that is at least n; -1 when there is none.
func (p *ordered) from(n int) int {
	for up := 0; up < len(p.levels) && n/64 < len(p.levels[up]); up++ {
		if word := p.levels[up][n/64] >> (n % 64); word != 0 {
			return p.down(up, n+bits.TrailingZeros64(word), bits.TrailingZeros64)
		}
		n = n/64 + 1
	}
	return -1
}

// before returns the last number of the set that is below n; -1 when there is none.
func (p *ordered) before(n int) int {
	for up := 0; up < len(p.levels) && n > 0; up++ {
		if word := p.levels[up][n/64] & (1<<(n%64) - 1); word != 0 {
			return p.down(up, n/64*64+last(word), last)
		}
		n /= 64
	}
	return -1
}

// down follows the first or last bits from a number of a level to the lowest level.
func (p *ordered) down(level, n int, pick func(uint64) int) int {
	for level > 0 {
		level--
		n = n*64 + pick(p.levels[level][n])
	}
	return n
}

func last(word uint64) int { return bits.Len64(word) - 1 }
