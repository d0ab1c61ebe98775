package filetree

import (
	"math/bits"
	"sync"
)

// buffers is memory for contents, used again: a tree of small files would otherwise leave its whole size as garbage.
// Buffers are kept by size, which is a power of two or that of a whole part.
type buffers struct {
	sizes [25]sync.Pool // of *[]byte; the logarithm of the size is the index
}

// wholePart is the size of the largest buffer, in bytes.
const wholePart = partBefore + partSize + partAfter

// take returns an empty buffer with room for n bytes, at most wholePart.
func (b *buffers) take(n int) []byte {
	size, index := bufferSize(n)
	if kept, ok := b.sizes[index].Get().(*[]byte); ok {
		return (*kept)[:0]
	}
	return make([]byte, 0, size)
}

// give keeps a buffer that nobody reads any more. Buffers of other sizes are left to the garbage collector.
func (b *buffers) give(buf []byte) {
	if size, index := bufferSize(cap(buf)); size == cap(buf) {
		b.sizes[index].Put(&buf)
	}
}

func bufferSize(n int) (size, index int) {
	index = bits.Len(uint(max(n, 1) - 1))
	return min(1<<index, wholePart), index
}
