; Functions a blob defines.
;
; @function     the whole definition, from its first specifier to the closing brace
; @name         its identifier
; @parameters   its parameter list
; @body         its compound statement
;
; The name stands under one pointer_declarator per `*` of the return type; kernel C
; has at most three of them.

(function_definition
  declarator: (function_declarator
    declarator: (identifier) @name
    parameters: (parameter_list) @parameters)
  body: (compound_statement) @body) @function

(function_definition
  declarator: (pointer_declarator
    declarator: (function_declarator
      declarator: (identifier) @name
      parameters: (parameter_list) @parameters))
  body: (compound_statement) @body) @function

(function_definition
  declarator: (pointer_declarator
    declarator: (pointer_declarator
      declarator: (function_declarator
        declarator: (identifier) @name
        parameters: (parameter_list) @parameters)))
  body: (compound_statement) @body) @function

(function_definition
  declarator: (pointer_declarator
    declarator: (pointer_declarator
      declarator: (pointer_declarator
        declarator: (function_declarator
          declarator: (identifier) @name
          parameters: (parameter_list) @parameters))))
  body: (compound_statement) @body) @function

; A function in parentheses, `int (f)(void)`.

(function_definition
  declarator: (function_declarator
    declarator: (parenthesized_declarator
      (identifier) @name)
    parameters: (parameter_list) @parameters)
  body: (compound_statement) @body) @function

; A function that returns a pointer to a function or to an array, `void (*f(int a))(void)`.

(function_definition
  declarator: (_
    declarator: (parenthesized_declarator
      (pointer_declarator
        declarator: (function_declarator
          declarator: (identifier) @name
          parameters: (parameter_list) @parameters))))
  body: (compound_statement) @body) @function
