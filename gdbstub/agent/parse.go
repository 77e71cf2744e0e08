// SPDX-License-Identifier: GPL-2.0-or-later

// Package agent evaluates gdb's agent expressions: the bytecode in which gdb hands the
// condition of a breakpoint to whoever runs the program (gdb manual, appendix F, The GDB
// Agent Expression Mechanism).
package agent

import "fmt"

// maxCode is how many bytes of code an expression may have. A condition as one writes
// it has less than a hundred.
const maxCode = 4096

// Expr is an expression that was found to be well-formed.
type Expr struct {
	code []instruction
}

// instruction is a bytecode with its operand; that of a jump is the index of the
// instruction that it goes to. at is its offset in the bytes.
type instruction struct {
	code byte
	op   op
	arg  uint64
	at   int
}

// Parse reads an expression. The error says at which offset which byte is not
// understood: an opcode that is unknown, an operand that is cut off, a jump to where no
// instruction begins, or code that runs on behind its end.
func Parse(code []byte) (*Expr, error) {
	if len(code) > maxCode {
		return nil, fmt.Errorf("reading an agent expression: it has %d bytes, want at most %d", len(code), maxCode)
	}
	e := &Expr{}
	starts := map[int]int{} // by offset, the index of the instruction there
	for at := 0; at < len(code); {
		in, err := parseOne(code, at)
		if err != nil {
			return nil, err
		}
		starts[at] = len(e.code)
		e.code = append(e.code, in)
		at += 1 + in.op.operand
	}
	for i := range e.code {
		in := &e.code[i]
		if in.code != opGoto && in.code != opIfGoto {
			continue
		}
		to, ok := starts[int(in.arg)]
		if !ok {
			return nil, fmt.Errorf("reading an agent expression: %s at offset %d goes to offset %d, where no instruction begins", in.op.name, in.at, in.arg)
		}
		in.arg = uint64(to)
	}
	if n := len(e.code); n == 0 || e.code[n-1].code != opEnd && e.code[n-1].code != opGoto {
		return nil, fmt.Errorf("reading an agent expression: its %d bytes have no end", len(code))
	}
	return e, nil
}

func parseOne(code []byte, at int) (instruction, error) {
	in := instruction{code: code[at], op: ops[code[at]], at: at}
	rest := code[at+1:]
	switch {
	case in.op.name == "":
		return in, fmt.Errorf("reading an agent expression: opcode 0x%02x at offset %d is not known, or not for conditions", code[at], at)
	case len(rest) < in.op.operand:
		return in, fmt.Errorf("reading an agent expression: %s at offset %d has %d bytes of operand, want %d", in.op.name, at, len(rest), in.op.operand)
	}
	for _, b := range rest[:in.op.operand] {
		in.arg = in.arg<<8 | uint64(b)
	}
	return in, nil
}
