# SPDX-License-Identifier: MIT
# What ./run-tests and ./run-demo share; sourced, with $top set to the top directory.

BUILD_PACKAGES="autoconf automake ca-certificates gcc libc6-dev libcmocka-dev libcrypt-dev libcurl4-openssl-dev \
libjansson-dev libpam0g-dev libqrencode-dev libssl-dev libtool make pkgconf"
LOGIN_PACKAGES="openssh-client openssh-server openssl passwd python3 python3-cryptography \
python3-pexpect sudo"
TEST_PACKAGES="binutils fonts-dejavu-core libpam-pwquality libpam-wrapper python3-pytest python3-pytest-xdist \
strace valgrind xterm xvfb zbar-tools"
STRICT_PACKAGES="clang clang-format-14 clang-tidy debhelper dpkg-dev fakeroot lintian mandoc xz-utils"

# Programs of a private host are installed below this prefix, in memory.
PREFIX=/opt/pam-cognito
BUILD=$top/build/tests
STAGE=$BUILD/stage

need_root() {
	[ "$(id -u)" -eq 0 ] && return
	echo "$0: has to run as root: it needs a mount namespace of its own" >&2
	exit 2
}

# The Debian packages among "$@" that are not installed.
missing_packages() {
	for package in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
			echo "$package"
	done
}

# Keep the daemons of new packages from starting: we only want the programs.
# An administrator's own policy stays.
without_daemons() {
	local policy=/usr/sbin/policy-rc.d status
	[ -e $policy ] && { "$@"; return; }
	printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
	"$@"
	status=$?
	rm -f $policy
	return $status
}

install_packages() {
	local packages
	packages=$(missing_packages "$@")
	[ -z "$packages" ] && return
	echo "installing" $packages
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update </dev/null &&
		without_daemons apt-get -q install -y --no-install-recommends $packages </dev/null
}

# Node.js may come from elsewhere than Debian.
node_packages() {
	command -v node >/dev/null || echo nodejs
	command -v npm >/dev/null || echo npm
}

# configure_in DIR [ARGUMENT...]: configure there, unless that was done.
configure_in() {
	local dir=$1
	shift
	if [ -e "$top/config.status" ]; then
		echo "$top is configured itself: run 'make distclean' there first" >&2
		return 1
	fi
	[ -e "$top/configure" ] || "$top/bootstrap" || return
	[ "$dir/config.status" -nt "$top/configure" ] && return
	mkdir -p "$dir" &&
		(cd "$dir" && "$top/configure" --prefix=$PREFIX --sysconfdir=/etc --localstatedir=/var \
			--runstatedir=/run --with-pamdir=$PREFIX/lib/security "$@")
}

jobs() {
	nproc
}

# Build what is tested and install it into $STAGE.
build_stage() {
	configure_in "$BUILD" CC=gcc && make -C "$BUILD" -j"$(jobs)" &&
		rm -rf "$STAGE" && make -C "$BUILD" install DESTDIR="$STAGE"
}
