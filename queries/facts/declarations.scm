; What a blob declares: structs, objects, prototypes, typedefs, macros, includes.
; Function-scope declarations are captured too; their facts matter for tables only.

(struct_specifier body: (field_declaration_list)) @struct
(union_specifier body: (field_declaration_list)) @struct

(translation_unit (declaration) @declaration)
(preproc_if (declaration) @declaration)
(preproc_ifdef (declaration) @declaration)
(preproc_else (declaration) @declaration)
(preproc_elif (declaration) @declaration)
(linkage_specification body: (declaration_list (declaration) @declaration))

(type_definition) @typedef

(preproc_function_def) @macro
(preproc_def) @constant
(preproc_include path: (_) @include)

; A top-level macro call: module_platform_driver(foo_driver);
(translation_unit (expression_statement (call_expression) @toplevel))
