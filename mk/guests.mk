# SPDX-License-Identifier: GPL-2.0-or-later
#
# The test guests: Debian's kernel and an initrd of ours, in build/guests/ARCH.
# make guests         make what is missing or out of date; the network is used
#                     only if the user's cache has no Debian packages yet
# make guests-update  fetch the packages that are current now, then make guests
# make guests-clean   remove build/guests; the cache stays

guest-debs := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/vmrr/debs
guest-x86_64 := $(addprefix build/guests/x86_64/,vmlinuz vmlinux config initrd.gz modules.gz packages)

.PHONY: guests guests-update guests-clean
guests: $(guest-x86_64)

# The recorded packages count only if there are any, so that an emptied cache
# does not make finished guests stale.
$(guest-x86_64) &: build/bin/mkguest guests/build guests/fetch guests/init guests/modules-init guests/applets \
		$(wildcard $(guest-debs)/amd64.sha256)
	guests/build x86_64 build/guests/x86_64 build/bin/mkguest

build/bin/mkguest: $(wildcard guests/mkguest/*.go images/linux/*.go)
	@mkdir -p $(@D)
	go build -o $@ ./guests/mkguest

guests-update:
	guests/fetch --update amd64 linux-image-amd64 >/dev/null
	$(MAKE) guests

guests-clean:
	rm -rf build/guests build/bin/mkguest
