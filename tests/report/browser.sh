#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: 2026 The ctxmark authors
#
# The page as people see it: in Chromium, on a phone and a desk, light and dark.  look.js looks for what
# is too wide, too pale, too small, overlapping, or without a name for a screen reader.
# CTXMARK_SCREENSHOTS=FOLDER keeps the pictures.
# shellcheck source=tests/e2e/lib.sh
. "${top_srcdir:?}/tests/e2e/lib.sh"
command -v chromium >/dev/null 2>&1 || skip "chromium is not installed"
cp -R "$top_srcdir/tests/data/report/run" run
chmod -R u+w run
ctxmark 0 report run -f html
page=${CTXMARK_PAGE:-$work/run/report.html}
# The page forbids scripts; its copy for looking allows one.
{
    sed '/http-equiv="Content-Security-Policy"/d; /<\/html>/d' "$page"
    echo '<script>'
    cat "$top_srcdir/tests/report/look.js"
    echo '</script></html>'
} >look.html

# browse WIDTH HEIGHT SCHEME ARGUMENT...: preferredColorScheme 0 is dark, 1 light.
browse() {
    window=$1,$2 preferred=$3
    shift 3
    HOME=$work timeout 120 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --disable-background-networking --user-data-dir="$work/profile" --hide-scrollbars \
        --window-size="$window" --blink-settings=preferredColorScheme="$preferred" \
        --enable-logging=stderr "$@" 2>browser.log
}

for scheme in 1 0; do
    for width in 390 1280; do
        # A window cannot be as narrow as a phone: the page stands in a frame.
        cat >frame.html <<HTML
<!DOCTYPE html><meta name="color-scheme" content="light dark">
<iframe src="look.html" style="width:${width}px;height:2000px;border:0" onload="
    const words = this.contentDocument.getElementById('looked').textContent;
    document.body.append(Object.assign(document.createElement('pre'), { textContent: words }))"></iframe>
HTML
        browse 1400 2000 "$scheme" --allow-file-access-from-files --dump-dom "file://$work/frame.html" >dom ||
            fail "chromium ended with $?: $(tail -n 3 browser.log)"
        sed -n '/<pre>LOOKED/,/^END/p' dom | sed 's/^.*LOOKED/LOOKED/' >looked
        grep -q '^END' looked || fail "the page could not be looked at: $(tail -n 3 browser.log)"
        head -n 1 looked
        ! grep '^BAD' looked || fail "in a window $width wide"
        expect_in looked "LOOKED $width $([ "$scheme" = 0 ] && echo dark || echo light)"
        ! grep 'CONSOLE' browser.log || fail "the console has something to say"
    done
done

# The page itself: nothing on the console, pictures that are not blank.
for scheme in 1 0; do
    for width in 390 1280; do
        shot=$work/shot-$width-$scheme.png
        browse "$width" 3000 "$scheme" --screenshot="$shot" "file://$page" >/dev/null || fail "no screenshot"
        ! grep 'CONSOLE' browser.log || fail "the console has something to say"
        [ "$(wc -c <"$shot")" -gt 60000 ] || fail "the screenshot is nearly blank: $(wc -c <"$shot") bytes"
        [ -z "${CTXMARK_SCREENSHOTS:-}" ] || cp "$shot" "$CTXMARK_SCREENSHOTS/"
    done
done
