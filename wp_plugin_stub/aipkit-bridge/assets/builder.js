/* Keeps a shortcode as the boxes and texts ask, and copies it. The bridge's Credits screen has the same file. */
( function () {
	const builder = document.getElementById( 'aipkit_bridge_builder' );
	const fields = builder.querySelectorAll( '[data-attribute]' );
	const shortcode = builder.querySelector( '#aipkit_bridge_shortcode' );
	const button = builder.querySelector( 'button' );
	const status = builder.querySelector( '[role="status"]' );
	const label = button.textContent;
	let waiting;

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

	/* Screen readers hear it from the status, everybody else reads it on the button for a while. */
	function tell( text ) {
		clearTimeout( waiting );
		status.textContent = text;
		button.textContent = text;
		waiting = setTimeout( () => {
			button.textContent = label;
		}, 3000 );
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
		tell( copied ? button.dataset.copied : button.dataset.byHand );
	}

	shortcode.addEventListener( 'focus', () => shortcode.select() );
	builder.addEventListener( 'input', update );
	button.addEventListener( 'click', copy );
} )();
