// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// maxStruct bounds the structures that are read, in bytes; a struct module has about 1000.
const maxStruct = 1 << 14

// structs tells where the fields of the kernel's structures are. The kernel says it
// itself, in BTF (the kernel's Documentation/bpf/btf.rst).
type structs struct {
	spec *btf.Spec
	err  error // why the first field was not found that was not
}

// structs reads the kernel's BTF.
func (img *image) structs() (*structs, error) {
	_, data := img.sectionData(".BTF")
	if len(data) == 0 {
		return nil, errors.New("the kernel does not say how its structures are laid out: it has no BTF; was it built with CONFIG_DEBUG_INFO_BTF?")
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("reading how the kernel's structures are laid out (BTF): %w", err)
	}
	return &structs{spec: spec}, nil
}

// field is where a number, or a text, is in a structure: offset and size in bytes. A
// field of size 0 is none.
type field struct{ offset, size int }

// of returns the number in a structure, which reaches beyond the field.
func (f field) of(structure []byte) uint64 {
	var wide [8]byte
	copy(wide[:], structure[f.offset:][:f.size])
	return le.Uint64(wide[:])
}

// text returns the text in a structure, up to its zero.
func (f field) text(structure []byte) string {
	text, _, _ := bytes.Cut(structure[f.offset:][:f.size], []byte{0})
	return string(text)
}

func (f field) end() int { return f.offset + f.size }

// at moves a field, as in an array.
func (f field) at(offset int) field { return field{f.offset + offset, f.size} }

// find follows names of fields through structures that are in one another, and returns
// where the last one is and its type.
func (s *structs) find(of string, path ...string) (offset int, t btf.Type, err error) {
	var outer *btf.Struct
	if err := s.spec.TypeByName(of, &outer); err != nil {
		return 0, nil, fmt.Errorf("the kernel's BTF has no single struct %s: %w", of, err)
	}
	t = outer
	for _, name := range path {
		inner, ok := btf.As[*btf.Struct](t)
		i := -1
		if ok {
			i = slices.IndexFunc(inner.Members, func(m btf.Member) bool { return m.Name == name })
		}
		if i < 0 {
			return 0, nil, fmt.Errorf("in the kernel's struct %s there is no %s of %q", of, name, path)
		}
		offset, t = offset+int(inner.Members[i].Offset.Bytes()), inner.Members[i].Type
	}
	return offset, t, nil
}

// has reports whether a structure has a field.
func (s *structs) has(of, name string) bool {
	_, _, err := s.find(of, name)
	return err == nil
}

// number finds a field of 1, 2, 4 or 8 bytes.
func (s *structs) number(of string, path ...string) field {
	f := s.any(of, path...)
	if !slices.Contains([]int{0, 1, 2, 4, 8}, f.size) && s.err == nil {
		s.err = fmt.Errorf("in the kernel's struct %s the field %q has %d bytes and is no number", of, path, f.size)
	}
	return f
}

// any finds a field of any type. That there is none is kept in err.
func (s *structs) any(of string, path ...string) field {
	offset, t, err := s.find(of, path...)
	size := 0
	if err == nil {
		size, err = btf.Sizeof(t)
	}
	if err == nil && (size <= 0 || size > maxStruct || offset > maxStruct-size) {
		err = fmt.Errorf("in the kernel's struct %s the field %q has %d bytes from offset %d on, outside the limit of %d", of, path, size, offset, maxStruct)
	}
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return field{}
	}
	return field{offset, size}
}

// array finds an array: its start, the bytes from one element to the next, and how many
// there are.
func (s *structs) array(of, name string) (offset, stride, count int) {
	f := s.any(of, name)
	if f.size == 0 {
		return 0, 0, 0
	}
	_, t, _ := s.find(of, name)
	a, ok := btf.As[*btf.Array](t)
	if !ok || a.Nelems == 0 {
		s.err = fmt.Errorf("in the kernel's struct %s the field %s is no array", of, name)
		return 0, 0, 0
	}
	return f.offset, f.size / int(a.Nelems), int(a.Nelems)
}

// enum returns the names of an enumeration's values, by value.
func (s *structs) enum(name string) map[uint64]string {
	var e *btf.Enum
	if err := s.spec.TypeByName(name, &e); err != nil {
		if s.err == nil {
			s.err = fmt.Errorf("the kernel's BTF has no single enum %s: %w", name, err)
		}
		return nil
	}
	names := map[uint64]string{}
	for _, v := range e.Values {
		if _, taken := names[v.Value]; !taken {
			names[v.Value] = v.Name
		}
	}
	return names
}
