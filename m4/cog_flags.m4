dnl SPDX-License-Identifier: MIT
dnl COG_ADD_FLAG(VARIABLE, FLAG): append FLAG if the compiler takes it.
AC_DEFUN([COG_ADD_FLAG], [
  cog_saved="$CFLAGS"
  CFLAGS="$CFLAGS -Werror $2"
  AC_MSG_CHECKING([whether $CC takes $2])
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
  CFLAGS="$cog_saved"
])

dnl -Werror=implicit-function-declaration and -Werror=switch hold in releases
dnl too: report.c relies on the latter to be complete.
AC_DEFUN([COG_WARNINGS], [
  COG_CFLAGS="-std=c17 -fvisibility=hidden"
  m4_foreach_w([cog_flag], [-Wall -Wextra -Wpedantic -Wshadow -Wformat=2
    -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wwrite-strings -Wpointer-arith -Wcast-qual -Wcast-align -Wconversion
    -Wsign-conversion -Wundef -Wvla -Wnull-dereference -Wimplicit-fallthrough
    -Wswitch-enum -Wredundant-decls -Wdate-time
    -Werror=implicit-function-declaration -Werror=switch
    -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Walloc-zero
    -Wformat-signedness -Wjump-misses-init -Warith-conversion -Wtrampolines
    -Wuse-after-free=3 -Wcast-align=strict
    -Wcomma -Wassign-enum -Wconditional-uninitialized],
    [COG_ADD_FLAG([COG_CFLAGS], cog_flag)])
])

dnl Sanitizers and fortified libc functions get in each other's way.
AC_DEFUN([COG_HARDENING], [
  COG_HARDEN_CFLAGS=
  COG_HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,defs"
  m4_foreach_w([cog_flag], [-fstack-protector-strong -fstack-clash-protection
    -fcf-protection], [COG_ADD_FLAG([COG_HARDEN_CFLAGS], cog_flag)])
  AS_IF([test "x$enable_sanitizers" != xyes],
    [AS_CASE([" $CPPFLAGS $CFLAGS "], [*_FORTIFY_SOURCE*], [],
      [COG_HARDEN_CFLAGS="$COG_HARDEN_CFLAGS -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"])],
    [COG_HARDEN_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"])
])
