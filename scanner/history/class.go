package history

import "nhiscan/scanner/detect"

// taskNames remembers the class of paths: asking the engine costs a dozen regular expressions.
type taskNames struct {
	classes map[string]string
	numbers map[string]uint64
}

// maxClasses bounds the paths remembered.
const maxClasses = 100_000

func (n *taskNames) class(e *detect.Engine, name string) string {
	if c, ok := n.classes[name]; ok {
		return c
	}
	if n.classes == nil || len(n.classes) >= maxClasses {
		n.classes = map[string]string{}
	}
	c := e.PathClass(name)
	n.classes[name] = c
	return c
}

// number tells classes apart in the set of lines that were seen.
func (n *taskNames) number(class string) uint64 {
	if n.numbers == nil {
		n.numbers = map[string]uint64{}
	}
	i, ok := n.numbers[class]
	if !ok {
		i = uint64(len(n.numbers)) * 0x9e3779b97f4a7c15
		n.numbers[class] = i
	}
	return i
}
