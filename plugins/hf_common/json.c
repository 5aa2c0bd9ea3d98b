/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

#include "config.h"

#include "plugins/hf_common/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define JSON_FILE_MAX (64 << 20)

static int json_file_check(const char *path, struct hf_err *e)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return hf_err_set(e, "%s: cannot read it: %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return hf_err_set(e, "%s: not a regular file", path);
    if (st.st_size > JSON_FILE_MAX)
        return hf_err_set(e, "%s: %lld bytes are more than a JSON file of a model can have", path,
                          (long long)st.st_size);
    return 0;
}

json_t *hf_json_load(const char *path, struct hf_err *e)
{
    if (json_file_check(path, e) != 0)
        return NULL;
    json_error_t error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        if (error.line < 1)
            hf_err_set(e, "%s: %s", path, error.text);
        else
            hf_err_set(e, "%s:%d:%d: not valid JSON: %s", path, error.line, error.column,
                       error.text);
        return NULL;
    }
    if (!json_is_object(root)) {
        hf_err_set(e, "%s: a JSON object is expected at the top", path);
        json_decref(root);
        return NULL;
    }
    return root;
}

/* The value of a key, NULL where it is absent or null. */
static const json_t *json_value(const json_t *object, const char *key)
{
    const json_t *v = json_object_get(object, key);
    return json_is_null(v) ? NULL : v;
}

int hf_json_int(const json_t *object, const char *path, const char *key, int64_t min, int64_t max,
                int64_t *value, struct hf_err *e)
{
    const json_t *v = json_value(object, key);
    if (!v)
        return 0;
    if (!json_is_integer(v))
        return hf_err_set(e, "%s: %s must be an integer", path, key);
    int64_t n = json_integer_value(v);
    if (n < min || n > max)
        return hf_err_set(e, "%s: %s is %" PRId64 "; it must lie in %" PRId64 " .. %" PRId64, path,
                          key, n, min, max);
    *value = n;
    return 0;
}

int hf_json_number(const json_t *object, const char *path, const char *key, double min, double max,
                   double *value, struct hf_err *e)
{
    const json_t *v = json_value(object, key);
    if (!v)
        return 0;
    if (!json_is_number(v))
        return hf_err_set(e, "%s: %s must be a number", path, key);
    double x = json_number_value(v);
    if (!(x >= min && x <= max))
        return hf_err_set(e, "%s: %s is %g; it must lie in %g .. %g", path, key, x, min, max);
    *value = x;
    return 0;
}

int hf_json_bool(const json_t *object, const char *path, const char *key, bool *value,
                 struct hf_err *e)
{
    const json_t *v = json_value(object, key);
    if (!v)
        return 0;
    if (!json_is_boolean(v))
        return hf_err_set(e, "%s: %s must be true or false", path, key);
    *value = json_is_true(v);
    return 0;
}

int hf_json_text(const json_t *object, const char *path, const char *key, const char **value,
                 struct hf_err *e)
{
    const json_t *v = json_value(object, key);
    if (!v)
        return 0;
    if (!json_is_string(v))
        return hf_err_set(e, "%s: %s must be text", path, key);
    *value = json_string_value(v);
    return 0;
}
