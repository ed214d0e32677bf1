/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_OF_H
#define _LINUX_OF_H

#include <linux/fwnode.h>
#include <linux/kernel.h>

typedef u32 phandle;
#define MAX_PHANDLE_ARGS 16

struct device_node {
	const char *name;
	phandle phandle;
	const char *full_name;
	struct fwnode_handle fwnode;
	struct device_node *parent;
};

struct of_phandle_args {
	struct device_node *np;
	int args_count;
	u32 args[MAX_PHANDLE_ARGS];
};

#define of_fwnode_handle(node)	(&(node)->fwnode)
#define to_of_node(node)	container_of((node), struct device_node, fwnode)

bool is_of_node(const struct fwnode_handle *fwnode);
struct device_node *of_node_get(struct device_node *node);
void of_node_put(struct device_node *node);
bool of_property_read_bool(const struct device_node *np, const char *name);
int of_property_read_u32(const struct device_node *np, const char *name, u32 *out);
int of_parse_phandle_with_args(const struct device_node *np, const char *list,
			       const char *cells, int index, struct of_phandle_args *out);
struct device_node *of_parse_phandle(const struct device_node *np, const char *name, int index);
struct device_node *of_get_next_child(const struct device_node *np, struct device_node *prev);
#define for_each_child_of_node(parent, child)				\
	for (child = of_get_next_child(parent, NULL); child != NULL;	\
	     child = of_get_next_child(parent, child))

#endif
