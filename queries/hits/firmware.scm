; Tables by which a driver is matched to a device, and drivers that are matched by name.
;
; @tag     the struct: of_device_id, acpi_device_id, platform_device_id, platform_driver
; @name    the variable
; @value   its initialiser

(declaration
  type: (struct_specifier
    name: (type_identifier) @tag)
  declarator: (init_declarator
    declarator: (array_declarator
      declarator: (identifier) @name)
    value: (initializer_list) @value)
  (#any-of? @tag "of_device_id" "acpi_device_id" "platform_device_id"))

(declaration
  type: (struct_specifier
    name: (type_identifier) @tag)
  declarator: (init_declarator
    declarator: (identifier) @name
    value: (initializer_list) @value)
  (#eq? @tag "platform_driver"))
