// SPDX-License-Identifier: GPL-2.0-or-later

package agent

import (
	"encoding/binary"
	"fmt"
)

const (
	// maxStack is how many values the stack holds.
	maxStack = 64
	// maxSteps is how many instructions an evaluation may take: gdb makes no
	// loops, but nothing keeps others from making endless ones.
	maxSteps = 4 * maxCode
)

// Machine is what an expression is about.
type Machine interface {
	// ReadMemory reads virtual memory; n < len(p) goes with an error.
	ReadMemory(addr uint64, p []byte) (n int, err error)
	// Register returns the value of a register by gdb's number, without sign
	// extension. An error says that there is none of 64 bits or less.
	Register(number int) (uint64, error)
}

// Eval returns the value of the expression. It has none, and an error says why, if
// memory or a register cannot be read, for a division by zero, or if the code itself
// breaks the rules.
func (e *Expr) Eval(m Machine) (uint64, error) {
	var room [maxStack]uint64
	stack := room[:0]
	for pc, steps := 0, 0; ; steps++ {
		in := &e.code[pc]
		switch {
		case steps == maxSteps:
			return 0, fmt.Errorf("evaluating an agent expression: it has not ended after %d steps", steps)
		case len(stack) < in.op.takes || in.code == opPick && in.arg >= uint64(len(stack)):
			return 0, fmt.Errorf("evaluating an agent expression: %s at offset %d finds %d values on the stack", in.op.name, in.at, len(stack))
		case len(stack)-in.op.takes+in.op.puts > maxStack:
			return 0, fmt.Errorf("evaluating an agent expression: %s at offset %d finds the stack full", in.op.name, in.at)
		}
		pc++
		top := len(stack) - 1
		switch in.code {
		case opEnd:
			return stack[top], nil
		case opGoto:
			pc = int(in.arg)
		case opIfGoto:
			if stack[top] != 0 {
				pc = int(in.arg)
			}
			stack = stack[:top]
		case opConst8, opConst16, opConst32, opConst64:
			stack = append(stack, in.arg)
		case opDup:
			stack = append(stack, stack[top])
		case opPop:
			stack = stack[:top]
		case opPick:
			stack = append(stack, stack[top-int(in.arg)])
		case opSwap:
			stack[top], stack[top-1] = stack[top-1], stack[top]
		case opRot: // a b c becomes c a b
			stack[top-2], stack[top-1], stack[top] = stack[top], stack[top-2], stack[top-1]
		case opReg:
			v, err := m.Register(int(in.arg))
			if err != nil {
				return 0, fmt.Errorf("evaluating an agent expression: %w", err)
			}
			stack = append(stack, v)
		default:
			v, err := in.compute(m, stack[len(stack)-in.op.takes:])
			if err != nil {
				return 0, fmt.Errorf("evaluating an agent expression: %s at offset %d: %w", in.op.name, in.at, err)
			}
			stack = append(stack[:len(stack)-in.op.takes], v)
		}
	}
}

// compute executes an instruction that makes one value of one or two; the last is the
// top of the stack.
func (in *instruction) compute(m Machine, values []uint64) (uint64, error) {
	b := values[len(values)-1]
	switch in.code {
	case opLogNot:
		return truth(b == 0), nil
	case opBitNot:
		return ^b, nil
	case opExt:
		unused := 64 - min(in.arg, 64)
		return uint64(int64(b<<unused) >> unused), nil
	case opZeroExt:
		unused := 64 - min(in.arg, 64)
		return b << unused >> unused, nil
	case opRef8, opRef16, opRef32, opRef64:
		var wide [8]byte
		_, err := m.ReadMemory(b, wide[:1<<(in.code-opRef8)])
		return binary.LittleEndian.Uint64(wide[:]), err
	}
	return operate(in.code, values[0], b)
}

// operate computes a OP b.
func operate(code byte, a, b uint64) (uint64, error) {
	switch code {
	case opAdd:
		return a + b, nil
	case opSub:
		return a - b, nil
	case opMul:
		return a * b, nil
	case opLsh:
		return a << b, nil
	case opRshSigned:
		return uint64(int64(a) >> b), nil
	case opRshUnsigned:
		return a >> b, nil
	case opBitAnd:
		return a & b, nil
	case opBitOr:
		return a | b, nil
	case opBitXor:
		return a ^ b, nil
	case opEqual:
		return truth(a == b), nil
	case opLessSigned:
		return truth(int64(a) < int64(b)), nil
	case opLessUnsigned:
		return truth(a < b), nil
	}
	return divide(code, a, b)
}

func divide(code byte, a, b uint64) (uint64, error) {
	if b == 0 {
		return 0, fmt.Errorf("%#x is divided by zero", a)
	}
	switch code {
	case opDivSigned:
		return uint64(int64(a) / int64(b)), nil
	case opDivUnsigned:
		return a / b, nil
	case opRemSigned:
		return uint64(int64(a) % int64(b)), nil
	}
	return a % b, nil // opRemUnsigned
}

func truth(is bool) uint64 {
	if is {
		return 1
	}
	return 0
}
