// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"errors"
	"fmt"
)

// KASLR moves the whole kernel by a multiple of slideStep, less than slideEnd
// (CONFIG_PHYSICAL_ALIGN is 2 MB or more, KERNEL_IMAGE_SIZE is 1 GB).
const (
	slideStep = 2 << 20
	slideEnd  = 1 << 30
)

// PossibleSlide reports whether KASLR can move a kernel so far.
func PossibleSlide(slide uint64) bool { return slide < slideEnd && slide%slideStep == 0 }

// ErrNotMapped says that at this instant no kernel is where kernels run: it is
// still being unpacked, or not yet loaded.
var ErrNotMapped = errors.New("no kernel is mapped at this instant; go to a later one")

// OtherKernelError says that the machine runs a kernel, but not this one.
type OtherKernelError struct {
	Want  string // the banner of the symbols
	LSTAR uint64 // the register's value
}

func (e *OtherKernelError) Error() string {
	return fmt.Sprintf("the machine does not run the kernel of the symbols, %q (LSTAR is %#x)", e.Want, e.LSTAR)
}

// Memory is the linear address space of the machine at this instant.
type Memory interface {
	// ReadMemory fills p from an address. n < len(p) goes with an error.
	ReadMemory(linear uint64, p []byte) (n int, err error)
}

// FindSlide returns by how many bytes KASLR moved a running kernel away from
// where it is linked. It looks for the banner, which nothing changes, at all places
// that there are. LSTAR, the address of the system calls' entry, is zero until the
// kernel has set it; it says where to look first, and counts alone while a process
// runs with page tables that map little of the kernel (page table isolation).
// The error is ErrNotMapped or an *OtherKernelError.
func (t *Table) FindSlide(mem Memory, lstar uint64) (slide uint64, err error) {
	guess, guessed := t.slideFromLSTAR(lstar)
	if guessed && t.banner.at(mem, guess) == bannerFound {
		return guess, nil
	}
	other := false
	for slide := uint64(0); slide < slideEnd; slide += slideStep {
		switch t.banner.at(mem, slide) {
		case bannerFound:
			return slide, nil
		case bannerOther:
			other = true
		}
	}
	switch {
	case guessed && t.banner.at(mem, guess) == bannerUnmapped:
		return guess, nil
	case other || lstar != 0:
		return 0, &OtherKernelError{Want: t.banner.text, LSTAR: lstar}
	}
	return 0, ErrNotMapped
}

// slideFromLSTAR returns the slide that LSTAR means, if it can be one.
func (t *Table) slideFromLSTAR(lstar uint64) (slide uint64, ok bool) {
	entry, ok := t.Lookup("entry_SYSCALL_64")
	slide = lstar - entry.Addr
	return slide, ok && PossibleSlide(slide)
}

// bannerState is what is where a slide would have the banner.
type bannerState int

const (
	bannerUnmapped bannerState = iota
	bannerOther
	bannerFound
)

func (b banner) at(mem Memory, slide uint64) bannerState {
	p := make([]byte, len(b.text))
	if n, err := mem.ReadMemory(b.addr+slide, p); err != nil || n < len(p) {
		return bannerUnmapped
	}
	if string(p) != b.text {
		return bannerOther
	}
	return bannerFound
}
