/* Keeps the shortcode on the settings page as the boxes and texts ask, and copies it. */
( function () {
	const builder = document.getElementById( 'aipkit_bridge_builder' );
	const fields = builder.querySelectorAll( '[data-attribute]' );
	const shortcode = builder.querySelector( '#aipkit_bridge_shortcode' );
	const button = builder.querySelector( 'button' );
	const status = builder.querySelector( '[role="status"]' );

	const entity = ( character ) => `&#${ character.charCodeAt( 0 ) };`;

	/* Characters that would end the shortcode, or be read as something else, become entities. */
	function attribute( name, text ) {
		const safe = text.replace( /[<>[\]\\]|&(?=#?\w+;)/g, entity );
		const quote = safe.includes( '"' ) && ! safe.includes( "'" ) ? "'" : '"';
		return ` ${ name }=${ quote }${ safe.replaceAll( quote, entity( quote ) ) }${ quote }`;
	}

	function written( field ) {
		const name = field.dataset.attribute;
		if ( field.type === 'checkbox' ) {
			return field.checked ? '' : attribute( name, 'false' );
		}
		const text = field.value.trim();
		return text ? attribute( name, text ) : '';
	}

	function update() {
		shortcode.value = `[${ builder.dataset.tag }${ Array.from( fields, written ).join( '' ) }]`;
		status.textContent = '';
	}

	async function copy() {
		let copied = true;
		try {
			await navigator.clipboard.writeText( shortcode.value );
		} catch ( error ) {
			// Browsers lend the clipboard to pages on https only, and may ask first.
			shortcode.select();
			copied = document.execCommand( 'copy' );
		}
		status.textContent = copied ? button.dataset.copied : button.dataset.byHand;
	}

	builder.addEventListener( 'input', update );
	button.addEventListener( 'click', copy );
} )();
