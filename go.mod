module github.com/vmrr/vmrr

go 1.26.0

require (
	// testscript: the tests of the command line.
	github.com/rogpeppe/go-internal v1.16.0
	// Progress of long commands on a terminal.
	github.com/schollz/progressbar/v3 v3.19.1
	// Mapping guest RAM outside the Go heap.
	golang.org/x/sys v0.49.0
	// Raw mode of the terminal that is the guest's console.
	golang.org/x/term v0.47.0
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/pierrec/lz4/v4 v4.1.22 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	github.com/u-root/uio v0.0.0-20240224005618-d2acac8f3701 // indirect
	golang.org/x/exp/typeparams v0.0.0-20260209203927-2842357ff358 // indirect
	golang.org/x/mod v0.41.0 // indirect
	golang.org/x/sync v0.23.0 // indirect
	golang.org/x/tools v0.51.0 // indirect
	honnef.co/go/tools v0.8.2 // indirect
)

require (
	// xxHash64: hashes of the state, equal pages of snapshots.
	github.com/cespare/xxhash/v2 v2.3.0
	// BTF: how a kernel's structures are laid out.
	github.com/cilium/ebpf v0.22.0
	// Sizes as people read them.
	github.com/dustin/go-humanize v1.0.1
	// zstd: kernels packed with it, and logs; S2: pages of snapshots.
	github.com/klauspost/compress v1.20.3
	// Command lines with GNU-style long options.
	github.com/spf13/pflag v1.0.10
	// xz with the x86 branch filter, which Debian's amd64 kernels are packed with.
	github.com/therootcompany/xz v1.0.1
	// cpio: writes the test guest's initrd reproducibly.
	github.com/u-root/u-root v0.16.0
)

tool honnef.co/go/tools/cmd/staticcheck
