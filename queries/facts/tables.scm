; What fills a slot of an ops table.

; .of_xlate = foo_of_xlate
(initializer_pair
  designator: (field_designator (field_identifier) @slot)
  value: [(identifier) (pointer_expression) (conditional_expression) (cast_expression)
          (parenthesized_expression) (compound_literal_expression) (call_expression)] @value) @pair

; ops->of_xlate = foo_of_xlate;
(assignment_expression
  left: (field_expression) @target
  operator: "="
  right: [(identifier) (pointer_expression)] @assigned) @assignment

; static struct bus_type * const buses[] = { &platform_bus_type, … };
(init_declarator
  declarator: (_) @array.declarator
  value: (initializer_list (pointer_expression argument: (identifier) @array.item))) @array

; FOO_OPS, FOO_OPS(a): a macro that stands for entries
(initializer_list [(identifier) (call_expression function: (identifier))] @among)

; [FOO] = FOO_DRIVER(a)
(initializer_pair
  designator: (subscript_designator)
  value: [(identifier) (call_expression function: (identifier))] @element)

; static struct foo_driver foo = FOO_DRIVER(a);
(declaration
  type: (struct_specifier)
  declarator: (init_declarator
    declarator: [(identifier) (array_declarator)]
    value: [(identifier) (call_expression function: (identifier))] @whole))
