// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"strconv"
	"strings"
)

// evaluate returns the value of an expression: numbers in C's notation and registers
// as $name, joined by +, -, * and parentheses, modulo 2^64. $pc and $eip are the
// linear address of the next instruction, as in QEMU.
func (c *call) evaluate(text string) (uint64, error) {
	e := expression{call: c, rest: text}
	v, err := e.sum(0)
	if err == nil && e.peek() != 0 {
		err = userErrorf("%s: extraneous characters at the end of line: %q", c.name, e.rest)
	}
	return v, err
}

type expression struct {
	*call
	rest string
}

// peek returns the next character; 0 at the end.
func (e *expression) peek() byte {
	e.rest = strings.TrimLeft(e.rest, " \t")
	if e.rest == "" {
		return 0
	}
	return e.rest[0]
}

func (e *expression) skip() { e.rest = e.rest[1:] }

// maxNesting bounds parentheses and signs in one another.
const maxNesting = 32

func (e *expression) sum(depth int) (uint64, error) {
	v, err := e.product(depth)
	for err == nil {
		var w uint64
		switch op := e.peek(); op {
		case '+', '-':
			e.skip()
			w, err = e.product(depth)
			if op == '-' {
				w = -w
			}
			v += w
		default:
			return v, nil
		}
	}
	return v, err
}

func (e *expression) product(depth int) (uint64, error) {
	v, err := e.term(depth)
	for err == nil && e.peek() == '*' {
		var w uint64
		e.skip()
		w, err = e.term(depth)
		v *= w
	}
	return v, err
}

func (e *expression) term(depth int) (uint64, error) {
	if depth > maxNesting {
		return 0, userErrorf("%s: the expression is nested too deeply", e.name)
	}
	switch e.peek() {
	case 0:
		return 0, userErrorf("%s: unexpected end of expression", e.name)
	case '-':
		e.skip()
		v, err := e.term(depth + 1)
		return -v, err
	case '(':
		e.skip()
		v, err := e.sum(depth + 1)
		if err == nil && e.peek() != ')' {
			err = userErrorf("%s: ')' expected", e.name)
		}
		if err == nil {
			e.skip()
		}
		return v, err
	case '$':
		e.skip()
		return e.register(e.word())
	}
	word := e.word()
	v, err := strconv.ParseUint(word, 0, 64)
	if err != nil {
		return 0, userErrorf("%s: %q is no number", e.name, word+e.rest)
	}
	return v, nil
}

// word takes a word of letters and digits.
func (e *expression) word() string {
	n := 0
	for n < len(e.rest) {
		b := e.rest[n]
		if b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			break
		}
		n++
	}
	w := e.rest[:n]
	e.rest = e.rest[n:]
	return w
}

// register returns the value of a register; QEMU's names of the general ones begin
// with an e, whatever their width.
func (e *expression) register(name string) (uint64, error) {
	if x, ok := e.Session.(Examiner); ok && (name == "pc" || name == "eip") {
		return x.PC(), nil
	}
	if r, ok := e.Session.(registerFile); ok {
		file := registers{r}
		if v, ok := file.get(name); ok {
			return v, nil
		}
		if short, ok := strings.CutPrefix(name, "e"); ok {
			if v, ok := file.get("r" + short); ok {
				return v, nil
			}
		}
	}
	return 0, userErrorf("unknown register")
}
