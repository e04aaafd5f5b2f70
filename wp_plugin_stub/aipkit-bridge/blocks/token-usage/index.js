/* The block's side in the editor: its settings, and a preview made by the site. */
( function ( wp ) {
	const { createElement: el, Fragment } = wp.element;
	const { InspectorControls, useBlockProps } = wp.blockEditor;
	const { Disabled, PanelBody, TextControl, TextareaControl, ToggleControl } = wp.components;
	const { __ } = wp.i18n;
	const NAME = 'aipkit-bridge/token-usage';

	const SHOWN = [
		[ 'chatbot', __( 'Chatbot', 'aipkit-bridge' ) ],
		[ 'aiforms', __( 'AI Forms', 'aipkit-bridge' ) ],
		[ 'imagegenerator', __( 'Image Generator', 'aipkit-bridge' ) ],
		[ 'buycredits', __( 'Buy credits', 'aipkit-bridge' ) ],
		[ 'purchasehistory', __( 'Purchase history', 'aipkit-bridge' ) ],
	];
	const TEXTS = [
		[ 'title', __( 'Title', 'aipkit-bridge' ), TextControl ],
		[ 'intro', __( 'Introduction', 'aipkit-bridge' ), TextareaControl ],
		[ 'buycreditslabel', __( 'Text of the button', 'aipkit-bridge' ), TextControl ],
		[ 'buycreditsurl', __( 'Address of the button', 'aipkit-bridge' ), TextControl ],
	];

	function Edit( { attributes, setAttributes } ) {
		const change = ( name ) => ( value ) => setAttributes( { [ name ]: value } );
		return el(
			Fragment,
			null,
			el(
				InspectorControls,
				null,
				el(
					PanelBody,
					{ title: __( 'Show', 'aipkit-bridge' ) },
					SHOWN.map( ( [ name, label ] ) =>
						el( ToggleControl, { key: name, label, checked: attributes[ name ], onChange: change( name ) } )
					)
				),
				el(
					PanelBody,
					{ title: __( 'Texts', 'aipkit-bridge' ) },
					TEXTS.map( ( [ name, label, Control ] ) =>
						el( Control, { key: name, label, value: attributes[ name ], onChange: change( name ) } )
					)
				)
			),
			el(
				'div',
				useBlockProps(),
				el( Disabled, null, el( wp.serverSideRender, { block: NAME, attributes, httpMethod: 'POST' } ) )
			)
		);
	}

	wp.blocks.registerBlockType( NAME, { edit: Edit, save: () => null } );
} )( window.wp );
