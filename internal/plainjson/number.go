package plainjson

import "strconv"

func (c *cursor) integer() int64 {
	text, whole := c.number()
	n, err := strconv.ParseInt(text, 10, 64)
	c.ok = c.ok && whole && err == nil
	return n
}

func (c *cursor) unsigned() uint64 {
	text, whole := c.number()
	n, err := strconv.ParseUint(text, 10, 64)
	c.ok = c.ok && whole && err == nil
	return n
}

func (c *cursor) float(bits int) float64 {
	text, _ := c.number()
	n, err := strconv.ParseFloat(text, bits)
	c.ok = c.ok && err == nil
	return n
}

// number takes a number as JSON has it, which is less than strconv reads.
// whole says that it has neither fraction nor exponent.
func (c *cursor) number() (text string, whole bool) {
	all := c.rest
	c.byte('-')
	if !c.byte('0') {
		c.digits()
	}
	whole = true
	if c.byte('.') {
		whole = false
		c.digits()
	}
	if c.byte('e') || c.byte('E') {
		whole = false
		if !c.byte('-') {
			c.byte('+')
		}
		c.digits()
	}
	if !c.ok {
		return "", false
	}
	return string(all[:len(all)-len(c.rest)]), whole
}

// digits takes one or more.
func (c *cursor) digits() {
	n := 0
	for n < len(c.rest) && c.rest[n] >= '0' && c.rest[n] <= '9' {
		n++
	}
	c.ok = c.ok && n > 0
	if c.ok {
		c.rest = c.rest[n:]
	}
}
