/* Whether each datum of the catalogue comes from somewhere and goes somewhere. */
#include <string.h>

#include "policy/read.h"

static bool in_a_view(const rules *r, uint32_t id)
{
    for (size_t i = 0; i < r->view_count; i++)
        if (view_allows(&r->views[i].public, id))
            return true;
    return false;
}

/* A person is found by these: they stand beside what a view shows, not in it. */
static bool finds_a_person(const attribute *a)
{
    return a->id == ATTRIBUTE_BSN || a->id == ATTRIBUTE_OWN;
}

sluis_err rules_all_used(const rules *r, sluis_fail *f)
{
    const config_node *rows = config_get(config_root(r->files[FILE_CATALOGUE]), "attributes");
    for (size_t i = 0; i < config_count(rows); i++) {
        const config_node *name = config_get(config_at(rows, i), "name");
        const attribute *a = rules_attribute_named(r, read_str(config_at(rows, i), "name"));
        if (!a->mapping && !a->form)
            return config_fail(
                name, f,
                "nothing fills \"%.64s\": name the mapping that does (mapping = \"...\"), or say "
                "that a person types it (form = true)",
                a->name);
        if (!in_a_view(r, a->id) && !finds_a_person(a))
            return config_fail(
                name, f, "no view shows \"%.64s\": add it to the attributes of one (views.conf)", a->name);
    }
    return SLUIS_OK;
}
